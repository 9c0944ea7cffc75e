"""The fields that are asked for of a module: what its standard layout has, 50 names at most (the id comes too)."""

from __future__ import annotations

_OF_ALL = (
    "Owner,Created_By,Created_Time,Modified_By,Modified_Time,Last_Activity_Time,Tag,Record_Status__s,Currency,Exchange_Rate,"
    "Description"
)

FIELDS = {
    "Accounts": _OF_ALL
    + (
        ","
        "Account_Name,Account_Number,Account_Site,Account_Type,Annual_Revenue,Billing_City,"
        "Billing_Code,Billing_Country,Billing_State,Billing_Street,Employees,Industry,Ownership,"
        "Parent_Account,Phone,Rating,SIC_Code,Shipping_City,Shipping_Code,Shipping_Country,"
        "Shipping_State,Shipping_Street,Ticker_Symbol,Website"
    ),
    "Contacts": _OF_ALL
    + (
        ","
        "Account_Name,Assistant,Asst_Phone,Date_of_Birth,Department,Email,First_Name,Full_Name,"
        "Home_Phone,Last_Name,Mailing_City,Mailing_Country,Mailing_State,Mailing_Street,"
        "Mailing_Zip,Mobile,Other_City,Other_Country,Other_Phone,Other_State,Other_Zip,Phone,"
        "Reporting_To,Salutation,Secondary_Email,Title,Twitter,Unsubscribed_Mode,Vendor_Name"
    ),
    "Deals": _OF_ALL
    + (
        ","
        "Account_Name,Amount,Campaign_Source,Closing_Date,Contact_Name,Deal_Name,Expected_Revenue,"
        "Lead_Conversion_Time,Lead_Source,Next_Step,Overall_Sales_Duration,Pipeline,Probability,"
        "Reason_For_Loss__s,Sales_Cycle_Duration,Stage,Type"
    ),
    "Leads": _OF_ALL
    + (
        ","
        "Address,Annual_Revenue,City,Company,Country,Designation,Email,Email_Opt_Out,First_Name,"
        "Full_Name,Industry,Last_Name,Lead_Source,Lead_Status,Mobile,No_of_Employees,Phone,"
        "Rating,Salutation,Secondary_Email,Skype_ID,State,Street,Twitter,Unsubscribed_Mode,"
        "Unsubscribed_Time,Website,Zip_Code"
    ),
    "Cases": _OF_ALL
    + (
        ","
        "Account_Name,Case_Number,Case_Origin,Case_Reason,Deal_Name,Email,Internal_Comments,"
        "No_of_comments,Phone,Priority,Product_Name,Related_To,Reported_By,Solution,Status,"
        "Subject,Type"
    ),
    "Tasks": _OF_ALL
    + (
        ","
        "Closed_Time,Due_Date,Priority,Recurring_Activity,Remind_At,Send_Notification_Email,Status,"
        "Subject,What_Id,Who_Id"
    ),
    "Events": _OF_ALL
    + (
        ","
        "All_day,End_DateTime,Event_Title,Participants,Recurring_Activity,Remind_At,Start_DateTime,"
        "Venue,What_Id,Who_Id"
    ),
    "Calls": _OF_ALL
    + (
        ","
        "Call_Agenda,Call_Duration,Call_Duration_in_seconds,Call_Purpose,Call_Result,"
        "Call_Start_Time,Call_Status,Call_Type,Caller_ID,Dialled_Number,Reminder,Subject,What_Id,"
        "Who_Id"
    ),
    "Products": _OF_ALL
    + (
        ","
        "Commission_Rate,Handler,Manufacturer,Product_Active,Product_Category,Product_Code,"
        "Product_Name,Qty_Ordered,Qty_in_Demand,Qty_in_Stock,Reorder_Level,Sales_End_Date,"
        "Sales_Start_Date,Support_Expiry_Date,Support_Start_Date,Taxable,Unit_Price,Usage_Unit,"
        "Vendor_Name"
    ),
    "Quotes": _OF_ALL
    + (
        ","
        "Account_Name,Contact_Name,Deal_Name,Discount,Grand_Total,Quote_Number,Quote_Stage,"
        "Quoted_Items,Sub_Total,Tax,Subject,Valid_Till"
    ),
    "Sales_Orders": _OF_ALL
    + (",Account_Name,Contact_Name,Deal_Name,Due_Date,Grand_Total,Ordered_Items,SO_Number,Status,Sub_Total,Subject"),
    "Invoices": _OF_ALL
    + (
        ","
        "Account_Name,Adjustment,Contact_Name,Discount,Due_Date,Grand_Total,Invoice_Date,"
        "Invoice_Number,Invoiced_Items,Sales_Order,Status,Sub_Total,Tax,Subject"
    ),
    "Campaigns": _OF_ALL
    + (",Actual_Cost,Budgeted_Cost,Campaign_Name,End_Date,Expected_Revenue,Start_Date,Status,Type"),
    "Notes": _OF_ALL + (",Note_Content,Note_Title,Parent_Id"),
}
"""By the module's name in the interface."""
